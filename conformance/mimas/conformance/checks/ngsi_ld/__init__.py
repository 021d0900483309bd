"""The checks of NGSI-LD by clause of ETSI GS CIM 009 V1.9.1, one module a group of the standard."""
