# Every target that needs the workspace sets it up first; what is already in place is skipped in under a second.
SHELL := /bin/bash
PYTHON ?= python3
PYTEST ?=
# processes that share the tests out; 0: none but this one, as a debugger and -s want it
WORKERS ?= 2
ARGS ?=
# of bench-grasp; empty: its defaults
TRIALS ?=
SCENE ?=
PLANNER ?=
# of bench-objects; empty: its defaults
OBJECTS ?=
GOALS ?=
# of soak; empty: its defaults
MINUTES ?=
SEED ?=
# of test-alone; empty: all
PACKAGES ?=
# of reproduce: smoke, small or paper
BUDGET ?= small
IN_WORKSPACE := source ./setup.bash &&

.DEFAULT_GOAL := help
.PHONY: help setup setup-train demo demo-photo franka test test-franka test-alone lint bench-grasp bench-stop bench-objects bench-page bench-idle soak bench-perception bench-memory bench-descriptors bench-store bench-kill meshes reproduce interfaces train export pairs blender lock release clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup:  ## virtual environment, packages, workspace: what robot, simulated cell and demo need (1.5 GB)
	@$(PYTHON) -m tools.setup

setup-train:  ## and what trains, evaluates and tests: torch and more (5 GB with CUDA)
	@$(PYTHON) -m tools.setup --train

demo: setup  ## teach a point on one cap, pick up five unseen caps by it; pictures and figures in out/demo/; ARGS=--watch opens the page, ARGS="--object mug" scans another object first
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench demo $(ARGS)

demo-photo: setup-train  ## the same nodes on a real photograph pair with ground truth
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench demo_photo $(ARGS)

test: setup-train lint  ## lint, types, then every test; PYTEST="-k name" passes arguments on
	@$(IN_WORKSPACE) python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder \
	  $$(cat .setup/test_paths) $(PYTEST)

test-franka: franka setup-train  ## the arm behind Franka's network protocol: bridge, stops, errors, and five unseen caps lifted
	@$(IN_WORKSPACE) PYTHONPATH=$(CURDIR)/.franka:$$PYTHONPATH python -m pytest tests/franka -s $(PYTEST)

franka: .franka/whole  ## Franka's control interface and a server of its protocol, into .franka/ (32 MB)

.franka/whole: requirements/franka.lock | setup
	@rm -rf .franka .franka.part && .venv/bin/python -m pip install --quiet --no-deps --target .franka.part -r $<
	@mv .franka.part .franka && touch $@

test-alone: setup-train  ## each package built and tested with nothing beside it but what its manifest names; PACKAGES=
	@.venv/bin/python -m tools.alone $(PACKAGES) $(if $(PYTEST),--pytest="$(PYTEST)")

lint: setup-train  ## ruff and mypy
	@$(IN_WORKSPACE) python -m ruff check . && python -m ruff format --check --quiet . && python -m mypy

bench-grasp: setup  ## 20 unseen caps and 10 tables without one: lifted, error, times; TRIALS= SCENE= PLANNER=
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench bench_grasp $(TRIALS:%=--trials %) $(SCENE:%=--scene %) \
	  $(PLANNER:%=--planner %) $(ARGS)

bench-stop: setup  ## cancel and kill -9 while the arm moves: time to the stop command and to rest
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench bench_stop $(ARGS)

bench-objects: setup-train .meshes/whole  ## objects that are no caps, four of them meshes: scanned by the arm, one click, lifted from random poses; OBJECTS= GOALS= SEED=
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench bench_objects --meshes .meshes/objects/meshes/{bread,can,cereal,milk}.obj \
	  $(OBJECTS:%=--objects %) $(GOALS:%=--goals %) $(SEED:%=--seed %) $(ARGS)

meshes: .meshes/whole  ## meshes of others for the simulated cell, into .meshes/ (21 MB of a package of 150 MB)

.meshes/whole: requirements/meshes.lock | setup
	@rm -rf .meshes .meshes.part && .venv/bin/python -m pip install --quiet --no-deps --no-compile --target .meshes.part -r $<
	@mkdir .meshes && mv .meshes.part/robosuite/models/assets/{objects,textures} .meshes.part/robosuite-*.dist-info .meshes && \
	  rm -rf .meshes.part && touch $@

bench-page: setup-train  ## the operator's page in a real browser: pointer to heatmap, its processor time, stop button
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench bench_page $(ARGS)

bench-idle: setup  ## processor time of each process while nobody listens
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench bench_idle $(ARGS)

soak: setup  ## random grasps and faults for MINUTES (10) from SEED (0): answers, restarts, rows, memory of each process
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench soak $(MINUTES:%=--minutes %) $(SEED:%=--seed %) $(ARGS)

interfaces: setup  ## write docs/interfaces.md: every node's topics, services, actions, parameters
	@$(IN_WORKSPACE) ros2 run dense_grasp_bench interfaces_page

bench-perception: setup-train  ## frame rate of the descriptor image, Eq. 8 exact against dense
	@$(IN_WORKSPACE) ros2 run dense_grasp_train benchmark $(ARGS)

bench-memory: setup-train  ## training and inference memory over the descriptor dimension, beside the paper's tables
	@$(IN_WORKSPACE) ros2 run dense_grasp_train memory $(ARGS)

bench-descriptors: setup-train  ## PCK of the shipped network on held-out pairs, with controls
	@$(IN_WORKSPACE) ros2 run dense_grasp_train evaluate $(ARGS)

bench-store: setup  ## times of a store of 100,000 rows: list, locate, unknown names
	@$(IN_WORKSPACE) python -m dense_grasp_core.store.benchmark $(ARGS)

bench-kill: setup  ## kill -9 at random moments of every write call of the store; ARGS="--kills 1000 --seed 0"
	@$(IN_WORKSPACE) python src/dense_grasp_core/test/store_kills.py $(ARGS)

reproduce: setup-train  ## data, training, figures of the paper and of the hybrid; BUDGET=small writes docs/results.md
	@$(IN_WORKSPACE) ros2 run dense_grasp_train reproduce --budget $(BUDGET) \
	  $(if $(filter small,$(BUDGET)),--out docs/results.md) $(ARGS)

train: setup-train  ## make the data and train the shipped network anew: about two hours on two cores
	@$(IN_WORKSPACE) ros2 run dense_grasp_train generate --out out/data/train --views 800 --seed 0 --caps 0-39 && \
	  ros2 run dense_grasp_train generate --out out/data/val --views 160 --seed 1 --caps 200-219 --split val && \
	  ros2 run dense_grasp_train train --data out/data/train --held-out out/data/val \
	    --out models/compact_caps.safetensors --method hybrid --steps 4600 --seed 0 --dimension 64 --keypoints 64 $(ARGS)

pairs: setup-train  ## draw training pairs with their matches into out/pairs.png
	@$(IN_WORKSPACE) ros2 run dense_grasp_train generate --out out/data/pairs --views 24 --caps 0-3 && \
	  ros2 run dense_grasp_train pairs --data out/data/pairs --show out/pairs.png $(ARGS)

export: setup-train  ## the shipped network as OpenVINO IR and ONNX in out/export/
	@$(IN_WORKSPACE) ros2 run dense_grasp_train export --model models/compact_caps.safetensors --out out/export $(ARGS)

# The bpy wheel is made for one Python alone. GPL-3: it stays in an environment and a process of its own.
BLENDER_PYTHON ?= python3.11

blender:  ## Blender's Cycles in .blender for `generate --renderer blender` (350 MB, Python 3.11; optional)
	@command -v $(BLENDER_PYTHON) > /dev/null || { echo "blender: $(BLENDER_PYTHON) is not there, expected Python 3.11:" \
	  "make blender BLENDER_PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(BLENDER_PYTHON) -m venv .blender
	.blender/bin/python -m pip install --quiet --no-deps -r requirements/blender.lock
	@.blender/bin/python -I -c "import bpy; print('Blender', bpy.app.version_string)"

lock:  ## resolve requirements/*.in into the lock files (needs uv); ARGS=--upgrade takes the newest of everything
	@.venv/bin/python -m tools.setup.lock $(ARGS)

release:  ## the version of the file VERSION into every manifest, the changelog closed, a commit and a tag
	@$(PYTHON) -m tools.release

clean:  ## remove everything that set-up made
	rm -rf .setup .venv .blender .franka .meshes build install log
