"""Operations on subscriptions, messages, deliveries and attempts."""
