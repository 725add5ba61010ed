def numbers(x):
	match x:
		case 1:
			return 10
		case 2 | 3:
			return 20
		case None:
			return 5
		case _:
			return 30


def guarded(x, y):
	match x:
		case 0 if y:
			r = 1
		case k:
			r = k
	return r
