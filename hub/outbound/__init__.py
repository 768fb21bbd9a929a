"""Outbound: from a published message to deliveries that arrive, one noun per file.

`service.Outbound` is the way in. A message is checked against the catalog (`catalog`), matched (`matching`), frozen
(`freeze`) and committed (`publish`); claimed deliveries are ordered (`schedule`), sent (`deliver`), judged (`verdict`)
and logged (`dispatch`). `registry` keeps subscriptions, `health` watches them, `recover` sends again.
"""
