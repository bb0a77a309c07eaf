"""Data sets: manifest and files -> questions, candidates and judgments. The one way in for every measurement."""
