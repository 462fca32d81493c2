#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# proxy.pl - a network that can be broken: passes the octets of each connection on.
#
#     tests/e2e/proxy.pl PORT [LISTEN-PORT]    prints READY port=N, passes on to 127.0.0.1:PORT
#
# SIGSTOP makes it a network that takes octets and delivers none, SIGCONT heals it,
# SIGUSR1 resets every connection, and SIGKILL leaves nobody who listens. It holds back
# a side that is faster than the other. Only loopback.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);

use constant ROOM => 1 << 18;           # octets kept for a side that does not read

my ($target, $listen) = (@ARGV, 0, 0);
$target or die "usage: proxy.pl PORT [LISTEN-PORT]\n";
my $door = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => $listen,
	Proto => 'tcp', ReuseAddr => 1) or die "proxy.pl: cannot listen: $@\n";
my ($readable, $writable) = (IO::Select->new($door), IO::Select->new);
my %side;                               # by file number: socket, the other one's number, octets to write

$| = 1;
$SIG{PIPE} = 'IGNORE';
my $reset = 0;
$SIG{USR1} = sub { $reset = 1 };
print 'READY port=', $door->sockport, "\n";

sub forget {
	my ($number, $hard) = @_;
	my @both = ($number, $side{$number}{other});
	for my $one (@both) {
		my $socket = delete($side{$one})->{socket};
		$readable->remove($socket);
		$writable->remove($socket);
		setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $hard;
		close $socket;
	}
}

sub admit {
	my $client = $door->accept or return;
	my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target, Proto => 'tcp');
	return close $client unless $server;
	my @pair = ($client, $server);
	for my $i (0, 1) {
		$pair[$i]->blocking(0);
		setsockopt($pair[$i], IPPROTO_TCP, TCP_NODELAY, 1);
		$side{ fileno $pair[$i] } = { socket => $pair[$i], other => fileno $pair[1 - $i], out => '' };
		$readable->add($pair[$i]);
	}
}

# What one side says waits to be written to the other.
sub take {
	my $number = shift;
	my $to = $side{ $side{$number}{other} };
	my $n = sysread $side{$number}{socket}, $to->{out}, ROOM, length $to->{out};
	return if !defined $n && $!{EAGAIN};
	return forget($number, !defined $n) unless $n;
	give($side{$number}{other});
}

sub give {
	my $number = shift;
	my $to = $side{$number};
	if (length $to->{out}) {
		my $n = syswrite $to->{socket}, $to->{out};
		return forget($number, 1) unless defined $n || $!{EAGAIN};
		substr $to->{out}, 0, $n, '' if $n;
	}
	my $from = $side{ $to->{other} }{socket};
	length $to->{out} ? $writable->add($to->{socket}) : $writable->remove($to->{socket});
	length $to->{out} < ROOM ? $readable->add($from) : $readable->remove($from);
}

while (1) {
	my ($in, $out) = IO::Select->select($readable, $writable, undef);
	if ($reset) {
		$reset = 0;
		for my $number (keys %side) { forget($number, 1) if $side{$number} }
		next;
	}
	for my $socket (@{ $out || [] }) {
		give(fileno $socket) if defined fileno $socket && $side{ fileno $socket };
	}
	for my $socket (@{ $in || [] }) {
		if ($socket == $door) { admit() }
		elsif (defined fileno $socket && $side{ fileno $socket }) { take(fileno $socket) }
	}
}
