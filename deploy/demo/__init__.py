"""The demonstration: the founding case played on a whole corridor, and a live lead from Ruili to Muse."""
