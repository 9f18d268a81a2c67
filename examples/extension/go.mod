module lapwing.example/extension

go 1.24
