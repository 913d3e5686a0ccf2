import collections
import sys

import click


@click.command()
@click.option("--top", default=10, show_default=True)
def main(top):
    """Count lines of standard input by their first word."""
    words = collections.Counter(line.split(" ", 1)[0].strip() for line in sys.stdin)
    for word, n in words.most_common(top):
        click.echo(f"{n}\t{word}")
