"""What `train_road.py` is made of."""
