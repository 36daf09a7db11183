"""Acting for somebody under a mandate (委托)."""
