"""Operations on requests and events: acceptance, refusals, drift."""
