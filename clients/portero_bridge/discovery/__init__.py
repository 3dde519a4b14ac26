"""`portero-bridge discover`: finds the cameras of this network that speak ONVIF."""
