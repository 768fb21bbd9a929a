"""Why a request passes or fails, step by step."""
