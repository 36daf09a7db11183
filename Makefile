# Every target only calls dev.py; see python3 dev.py --help.
.PHONY: run test slow bench chaos check
run:
	python3 dev.py run
test:
	python3 dev.py test
slow:
	python3 dev.py test --slow
bench:
	python3 dev.py bench
chaos:
	python3 dev.py chaos
check:
	python3 dev.py check
