"""`make chaos`: a firm at work while everything around it breaks, and a check from outside."""
