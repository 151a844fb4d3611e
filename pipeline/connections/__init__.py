"""How servers elsewhere are reached: proxies, AWS."""
