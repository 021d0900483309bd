"""The HTTP binding of NGSI-LD (CIM 009 clause 6), one module per resource."""
