"""Replays: kept requests run again."""
