"""The sandboxed language of `{{ … }}`."""
