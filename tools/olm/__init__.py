"""The bundle by which the Operator Lifecycle Manager (OperatorHub, OpenShift) installs the operator."""
