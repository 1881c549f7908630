"""What runs inside an environment, mounted into images whose standard library is all that it may count on."""
