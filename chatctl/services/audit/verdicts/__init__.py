"""Comparing outcomes with expectations: findings, cells, what was not tried."""
