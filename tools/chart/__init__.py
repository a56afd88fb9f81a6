"""What of the Helm chart is generated: copies of what stands elsewhere, the schema of its values, and their table."""
