"""Operations that keep the database in order: retention and resealing."""
