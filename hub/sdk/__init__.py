"""What plugins are written with. `hub` exports all of it that authors need."""
