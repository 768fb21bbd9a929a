"""The sandboxed language of `{{ … }}` expressions."""
