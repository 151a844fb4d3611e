"""How servers elsewhere are reached: certificates and passwords as files, proxies, AWS."""
