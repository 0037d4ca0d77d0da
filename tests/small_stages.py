"""Settings of stages that take a second, as the end of a small bench.toml."""

STAGES = """
[profiles.tiny.stages.CycleGAN]
width = 2
blocks = 1
crop_size = 32
batch_size = 4
epochs = 2
compared_epochs = [3]
constant_epochs = 2
decay_epochs = 2
{more}

[profiles.tiny.stages.Evaluator]
network = "small"
epochs = 1
seeds = 1

[profiles.tiny.methods.AUG]
views = 1

[profiles.tiny.methods.ALT]
blocks = 1
classifier_epochs = 1
gan_epochs = 1
views = 1
"""
