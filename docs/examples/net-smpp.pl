# Sends one message of each kind with Perl's Net::SMPP (Debian: libnet-smpp-perl) and waits for the receipts.
#   perl docs/examples/net-smpp.pl 127.0.0.1 2775 SYSTEM_ID PASSWORD [transceiver|transmitter|receiver]
use strict;
use warnings;
use Encode 'encode';
use IO::Select;
use Net::SMPP;

my ($host, $port, $system_id, $password, $kind) = @ARGV;
my $new = 'new_' . ($kind // 'transceiver');
my ($smpp, $bound) = Net::SMPP->$new($host, port => $port, system_id => $system_id, password => $password);
die "no connection: $!\n" unless $smpp;
printf "bind refused: 0x%02x\n", $bound->{status} and exit 1 if $bound->{status};

my %base = (source_addr => 'Perl', source_addr_ton => 5, dest_addr_ton => 1, dest_addr_npi => 1, registered_delivery => 1, data_coding => 0);
my $russian = "\x{41f}\x{440}\x{438}\x{432}\x{435}\x{442} \x{1F600}";
my @kinds = (
  ['GSM' => { short_message => 'Hello from Perl' }],
  ['GSM, escape table' => { short_message => "10 \x1b\x65" }],
  ['Latin-1' => { data_coding => 3, short_message => "Gr\xfc\xdfe" }],
  ['UCS-2' => { data_coding => 8, short_message => encode('UTF-16BE', $russian) }],
  ['binary' => { data_coding => 4, short_message => join '', map chr, 0 .. 139 }],
  ['port header' => { data_coding => 4, esm_class => 0x40, short_message => "\x06\x05\x04\x0b\x84\x23\xf0\x01\x06\x00\xff" }],
  ['flash' => { data_coding => 0x10, short_message => 'Look up' }],
  ['payload, GSM' => { short_message => '', message_payload => 'A long text. ' x 30 }],
  ['payload, UCS-2' => { data_coding => 8, short_message => '', message_payload => encode('UTF-16BE', $russian x 20) }],
  (map ["UDH, part $_" => { esm_class => 0x40, short_message => pack('C6', 5, 0, 3, 119, 2, $_) . "part $_" }], 1, 2),
  (map ["UDH of 16 bits, part $_" => { esm_class => 0x40, short_message => pack('C3nC2', 6, 8, 4, 0x1234, 2, $_) . "part $_" }], 1, 2),
  (map ["SAR, part $_" => { short_message => "part $_", sar_msg_ref_num => pack('n', 99), sar_total_segments => "\2", sar_segment_seqnum => chr }], 1, 2),
  ['a vendor TLV' => { short_message => 'vendor', 5121 => 'abc' }],
  ['valid for an hour' => { short_message => 'hour', validity_period => '000000010000000R' }],
  ['a bad number' => { destination_addr => 'abc', short_message => 'x' }],
  ['an empty text' => { short_message => '' }],
  ['text and payload' => { short_message => 'x', message_payload => 'y' }],
);
my %asked;
my $to = 447911000000;
for (@kinds) {
  my ($name, $fields) = @$_;
  # parts of one message go to one number
  $to++ unless $name =~ /part [2-9]/;
  $asked{ $smpp->submit_sm(%base, destination_addr => $to, %$fields, async => 1) } = $name;
}
$asked{ $smpp->data_sm(%base, destination_addr => ++$to, message_payload => 'by data_sm', async => 1) } = 'data_sm';
$asked{ $smpp->submit_multi(
  source_addr => 'Perl', source_addr_ton => 5, dest_flag => [1, 1], dest_addr_ton => [1, 1], dest_addr_npi => [1, 1],
  destination_addr => [++$to, 'abc'], registered_delivery => 1, short_message => 'to two', async => 1,
) } = 'submit_multi, one number bad';
$asked{ $smpp->query_sm(message_id => 'nonsense', async => 1) } = 'query_sm of an unknown id';
$asked{ $smpp->cancel_sm(message_id => 'nonsense', async => 1) } = 'cancel_sm of an unknown id';
$asked{ $smpp->replace_sm(message_id => 'nonsense', short_message => 'x', async => 1) } = 'replace_sm of an unknown id';
$asked{ $smpp->enquire_link(async => 1) } = 'enquire_link';

my (%named, %reported);
while (IO::Select->new($smpp)->can_read(3)) {
  my $pdu = $smpp->read_pdu() or last;
  if ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
    $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
    my ($id, $stat) = $pdu->{short_message} =~ /id:(\S+) .*stat:(\S+)/;
    $reported{$id} = $stat;
  } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
    $smpp->enquire_link_resp(seq => $pdu->{seq});
  } else {
    my ($name, $id) = (delete $asked{ $pdu->{seq} } // 'what was not asked', $pdu->{message_id} // '');
    printf "%-30s 0x%02x %s\n", $name, $pdu->{status}, $id;
    $named{$id} = $name if !$pdu->{status} && $id ne '';
  }
}
printf "%d accepted, %d reported (%s)\n", scalar keys %named, scalar keys %reported, join ' ', sort values %reported;
print "no receipt: $named{$_}\n" for grep !$reported{$_}, keys %named;
print "no answer: $_\n" for values %asked;
if (my ($id) = keys %reported) {
  $smpp->query_sm(message_id => $id, source_addr => 'Perl', source_addr_ton => 5, async => 1);
  my $answer = $smpp->read_pdu();
  printf "query_sm of a reported one     0x%02x message_state %s\n", $answer->{status}, $answer->{message_state} // '';
}
$smpp->unbind(async => 1);
printf "unbind                         0x%02x\n", $smpp->read_pdu()->{status};
