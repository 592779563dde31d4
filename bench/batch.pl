# A batch of 1,000 against the single function in a loop: of a client, which
# commits each call, and of the server, in one transaction.
use strict;
use warnings;

use Bench qw(new_database drop_database prepare forget settle time_calls time_on_ids compare progress in_turn);
use BenchCalls qw(commands);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $rounds = $quick ? 3 : 9;
my $count = 1000;
my $warm = 10;
my $each = $count + $warm;

new_database('bench_batch');
for my $operation (
	{ name => 'purge_journal', uses_up => 1 },
	{ name => 'restart_as_new', label => 'restart from 0', from => 0 },
	{ name => 'restart_as_new', label => 'restart from last', from => 11 })
{
	my $label = $operation->{label} // $operation->{name};
	my $arguments = defined $operation->{from} ? ", $operation->{from}" : '';
	progress("batch of $count, $label");
	forget();
	my $next = prepare($operation->{uses_up} ? $each * 3 * $rounds : $each, 'completed', 12, 100);
	settle();
	my $first = sub {
		my $first = $next;
		$next += $each if $operation->{uses_up};
		return (first => $first, warm => $warm);
	};
	my $values = in_turn($rounds,
		batch => sub {
			return time_on_ids($first->(), count => $count,
				statement => "SELECT count(*) FILTER (WHERE ok) FROM restate_$operation->{name}_batch(:'ids'$arguments)");
		},
		server_loop => sub {
			return time_on_ids($first->(), count => $count,
				statement => "SELECT count(restate_$operation->{name}(id$arguments)) FROM unnest(:'ids'::restate_invocation_id[]) AS t (id)");
		},
		client_loop => sub {
			return $count * time_calls($first->(), calls => $count,
				commands => commands($operation->{name}, 'ours', $operation->{from}));
		});
	my @same = (part => 'batch', what => "batch of $count, $label");
	compare($values, 'batch', 'client_loop', @same, goal => { op => '<=', ratio => 0.2 },
		note => 'client_loop: single calls one by one, each committed');
	compare($values, 'batch', 'server_loop', @same, goal => { op => '<=', ratio => 0.5 },
		note => 'server_loop: the single function over the same ids in one statement');
}
drop_database('bench_batch');
