module example.com/toonew

go 9.99.0
