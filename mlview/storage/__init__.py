"""What is kept on disk: the catalog (control plane) and the artifacts."""
