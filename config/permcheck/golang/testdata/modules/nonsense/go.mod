module example.com/nonsense

requires nothing
