"""What the operator costs, held against the floor: a bare program that knows in advance what to do."""
