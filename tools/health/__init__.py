"""What Argo CD, Flux and `kubectl wait` make of each state: the table in the docs, and Argo CD's test cases."""
