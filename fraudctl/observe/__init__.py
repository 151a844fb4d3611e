"""How a stack is: status and doctor."""
