"""The ultrasound sector on a screen: its geometry, and how it is found in the pixels."""
