module example.com/functions

go 1.26.0
