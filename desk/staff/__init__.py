"""What officers, supervisors and operators do."""
