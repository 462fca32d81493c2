#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# net-smpp.pl - a message centre made of Perl's Net::SMPP.
#
# Octets are packed and unpacked by Net::SMPP, texts decoded by Encode: both by others, and
# not by those who wrote the npm package that smpp-smsc.js uses. This file only says what
# to answer and what to note down.
#
#     perl tests/peers/net-smpp.pl [FLAG VALUE]...
#
# Prints "READY smpp=PORT"; SIGTERM and SIGINT print what it saw as one line of JSON, with
# the members that smpp-smsc.js has, and end it. To the first who receives it sends
# --inbound-count messages: short and long ones, in GSM 7-bit and UCS-2 in turn. The bind is
# answered without a version, as old centres do.
use strict;
use warnings;
use Encode qw(decode encode);
use IO::Select;
use JSON::PP;
use Net::SMPP;

my %options = ('--smpp' => 0, '--account' => '', '--inbound-count' => 0,
	'--inbound-from' => '447700900001', '--inbound-to' => '12345');
while (@ARGV) {
	my ($flag, $value) = splice @ARGV, 0, 2;
	die "net-smpp.pl: no such flag, or no value: $flag\n" unless exists $options{$flag} && defined $value;
	$options{$flag} = $value;
}

use constant { TRANSMITTER => 2, RECEIVER => 1, UDHI => 0x40, RECEIPT => 0x04, MOST => 134 };
my %saw = (submits => 0, binds => 0, binds_refused => 0, enquiries => 0, doubles => 0,
	receipts_sent => 0, receipts_acked => 0, inbound_sent => 0, inbound_acked => 0, incomplete => 0,
	messages => [], inbound => [], problems => []);
my (%open, %seen, %sessions, %awaited, @waiting);
my $last = 0;
my $ended = 0;
$SIG{TERM} = $SIG{INT} = sub { $ended = 1 };
$SIG{PIPE} = 'IGNORE';
$SIG{__WARN__} = sub { my $text = shift; problem($text) unless $text =~ /premature eof|Unknown tag/ };

sub problem { push @{$saw{problems}}, shift if @{$saw{problems}} < 100 }

sub text_of {
	my ($coding, $octets) = @_;
	return decode('UTF-16BE', $octets) if $coding == 8;
	return decode('gsm0338', $octets) if $coding == 0;
	return 'hex:' . unpack 'H*', $octets;
}

sub note_submit {
	my $pdu = shift;
	my $body = $pdu->{short_message};
	my ($part, $parts, $key) = (1, 1, '');
	if ($pdu->{esm_class} & UDHI) {
		my ($length, $header) = unpack 'C/a a*', $body;
		$body = substr $body, length($length) + 1;
		if ($length =~ /^\x00\x03(.)(.)(.)$/s) {
			($key, $parts, $part) = ("$pdu->{destination_addr} " . ord $1, ord $2, ord $3);
		} else {
			problem('a header that is not of a long message: ' . unpack 'H*', $length);
		}
	}
	$saw{submits}++;
	$saw{doubles}++ if $seen{"$pdu->{destination_addr} $part " . $body}++;
	my $whole = $open{$key} = $key ? $open{$key} || [] : [];
	$whole->[$part - 1] = text_of($pdu->{data_coding}, $body);
	return if grep { !defined $whole->[$_] } 0 .. $parts - 1;
	delete $open{$key};
	push @{$saw{messages}}, { sender => $pdu->{source_addr}, recipient => $pdu->{destination_addr},
		text => join('', @$whole), coding => $pdu->{data_coding}, parts => $parts };
}

sub receiver { (grep { $_->{bound} && $_->{bound} != TRANSMITTER } values %sessions)[0] }

# What is to be delivered waits until somebody receives.
sub deliver {
	my ($count, %fields) = @_;
	push @waiting, [$count, \%fields] if $count;
	my $to = receiver() or return;
	while (my $next = shift @waiting) {
		my ($name, $what) = @$next;
		my $seq = $to->{socket}->deliver_sm(%$what, async => 1);
		$awaited{"$to $seq"} = $name;
		$saw{"${name}_sent"}++;
	}
}

sub send_receipt {
	my ($id, $pdu) = @_;
	my ($s, $m, $h, $d, $mo, $y) = gmtime;
	my $at = sprintf '%02d%02d%02d%02d%02d', $y % 100, $mo + 1, $d, $h, $m;
	deliver('receipts', source_addr_ton => $pdu->{dest_addr_ton}, source_addr_npi => $pdu->{dest_addr_npi},
		source_addr => $pdu->{destination_addr}, dest_addr_ton => $pdu->{source_addr_ton},
		dest_addr_npi => $pdu->{source_addr_npi}, destination_addr => $pdu->{source_addr},
		esm_class => RECEIPT, short_message =>
		"id:$id sub:001 dlvrd:001 submit date:$at done date:$at stat:DELIVRD err:000 text:");
}

sub send_inbound {
	my $n = shift;
	my $wide = $n % 2 == 0;
	my $text = $wide ? "\x{432}\x{445}\x{43E}\x{434} $n \x{1F600} " : "inbound $n: \x{40}\x{A3}\$ [\x{20AC}] ";
	$text = $text x ($wide ? 12 : 14) if $n % 4 > 1 || $n % 4 == 0;
	my $octets = encode($wide ? 'UTF-16BE' : 'gsm0338', $text);
	my %fields = (source_addr => $options{'--inbound-from'}, source_addr_ton => 1, source_addr_npi => 1,
		destination_addr => $options{'--inbound-to'}, data_coding => $wide ? 8 : 0);
	push @{$saw{inbound}}, { text => $text };
	return deliver('inbound', %fields, short_message => $octets) if length $octets <= 140;
	# No escape and no surrogate pair is cut: the pieces end before them.
	my @pieces;
	while (length $octets) {
		my $cut = length $octets < MOST ? length $octets : MOST;
		$cut -= 2 if $wide && $cut < length $octets && substr($octets, $cut - 2, 1) =~ /[\xD8-\xDB]/;
		$cut-- if !$wide && $cut < length $octets && substr($octets, $cut - 1, 1) eq "\x1B";
		push @pieces, substr $octets, 0, $cut, '';
	}
	for my $i (0 .. $#pieces) {
		deliver('inbound', %fields, esm_class => UDHI,
			short_message => pack('C6', 5, 0, 3, $n, scalar @pieces, $i + 1) . $pieces[$i]);
	}
}

sub on_bind {
	my ($session, $pdu) = @_;
	my $answer = (Net::SMPP::pdu_tab->{$pdu->{cmd}}{cmd}) . '_resp';
	my ($id, $password) = split /:/, $options{'--account'};
	if (defined $id && ($pdu->{system_id} ne $id || $pdu->{password} ne $password)) {
		$saw{binds_refused}++;
		$session->{socket}->$answer(seq => $pdu->{seq}, status => 0x0D, system_id => '');
		return;
	}
	$saw{binds}++;
	$session->{bound} = $pdu->{cmd};
	$session->{socket}->$answer(seq => $pdu->{seq}, system_id => 'net-smpp');
	return if $pdu->{cmd} == TRANSMITTER;
	send_inbound($saw{begun} += 1) while ($saw{begun} || 0) < $options{'--inbound-count'};
	deliver(undef);
}

sub on_submit {
	my ($session, $pdu) = @_;
	my $id = sprintf 'perl%08d', ++$last;
	problem('submit_sm outside of a bind') if !$session->{bound} || $session->{bound} == RECEIVER;
	note_submit($pdu);
	$session->{socket}->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
	send_receipt($id, $pdu) if $pdu->{registered_delivery} & 3;
}

sub on_answer {
	my ($session, $pdu) = @_;
	my $name = delete $awaited{"$session $pdu->{seq}"};
	return problem("an answer to nothing: $pdu->{seq}") unless $name;
	return problem("$name answered with status $pdu->{status}") if $pdu->{status};
	$saw{"${name}_acked"}++;
}

sub gone {
	my $session = shift;
	delete $sessions{fileno $session->{socket}};
	close $session->{socket};
}

my %reactions = (
	bind_transceiver => \&on_bind, bind_transmitter => \&on_bind, bind_receiver => \&on_bind,
	submit_sm => \&on_submit, deliver_sm_resp => \&on_answer,
	enquire_link => sub { $saw{enquiries}++; $_[0]{socket}->enquire_link_resp(seq => $_[1]{seq}) },
	enquire_link_resp => sub { },
	unbind => sub { $_[0]{socket}->unbind_resp(seq => $_[1]{seq}); gone($_[0]) },
);

my $listener = Net::SMPP->new_listen('127.0.0.1', port => $options{'--smpp'}, smpp_version => 0x34)
	or die "net-smpp.pl: cannot listen: $!\n";
$| = 1;
print 'READY smpp=', $listener->sockport, "\n";
until ($ended) {
	my $select = IO::Select->new($listener, map { $_->{socket} } values %sessions);
	for my $ready ($select->can_read) {
		if ($ready == $listener) {
			my $socket = $listener->accept or next;
			$sessions{fileno $socket} = { socket => $socket };
			next;
		}
		my $session = $sessions{fileno $ready} or next;
		my $pdu = $ready->read_pdu;
		if (!$pdu) {
			gone($session);
			next;
		}
		my $name = $pdu->{known_pdu} ? Net::SMPP::pdu_tab->{$pdu->{cmd}}{cmd} : '';
		my $react = $reactions{$name};
		$react ? $react->($session, $pdu) : problem("unexpected command $pdu->{cmd}");
	}
}
delete $saw{begun};
$saw{incomplete} = keys %open;
print JSON::PP->new->ascii->canonical->encode(\%saw), "\n";
