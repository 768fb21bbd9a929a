"""Operations that keep the database in order: retention, sealing anew."""
