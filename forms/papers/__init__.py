"""What all legs ask as papers → what is still to be brought, what is gone, what each leg receives, and why."""
