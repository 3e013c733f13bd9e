"""What touches the world: Kafka, the read model, key files, the terminal."""
