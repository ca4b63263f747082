"""Exception queues: what people, and the service desks they work with, do with many holds."""
