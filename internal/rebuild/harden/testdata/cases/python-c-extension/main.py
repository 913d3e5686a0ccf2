import fastsum

print(fastsum.add(2, 3))
