"""What NGSI-LD means, without input or output: data in, data or an error out."""
