"""What operators see: metrics, logs and the admin HTTP port."""
