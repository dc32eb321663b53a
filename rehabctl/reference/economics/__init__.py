"""What a clinic earns and spends: dated assumptions."""
