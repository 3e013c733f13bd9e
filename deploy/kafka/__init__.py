"""Apache Kafka for this project: one on this machine for first contact and tests, topics and rights for any."""
