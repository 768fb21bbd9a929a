"""Operations on executions: claims, the journal, rows."""
