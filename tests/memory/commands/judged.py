"""Commands judged by hand, one a line. The kinds are those that runbooks hold; names of machines are made up."""

from __future__ import annotations

MUTATING = r"""
rm -rf /prometheus/*.tmp
kubectl delete pod checkout-7c9f -n shop
kubectl rollout restart deployment/checkout
kubectl -n shop rollout undo deploy checkout
kubectl scale --replicas=0 deployment/worker
kubectl cordon "$node"; kubectl drain "$node" --ignore-daemonsets
kubectl apply -f deployment.yaml
kubectl -n gitlab edit hpa/sidekiq-catchall-v1
kubectl patch svc web -p '{"spec":{"type":"NodePort"}}'
kubectl exec -it redis-0 -- redis-cli flushall
kubectl exec -n shop web-0 -- /usr/bin/pkill -USR2 -f worker
kubectl get pods -o name | xargs kubectl delete
kubectl get nodes && kubectl uncordon node-3
kubectl config set-context --current --namespace=shop
kubectl create secret generic token --from-literal=a=b
kubectl label node n1 role=db
helm upgrade shop ./chart --set image.tag=v2
helm rollback shop 3
docker restart web
docker exec db psql -c "truncate sessions"
docker system prune -f
systemctl restart nginx
sudo systemctl stop postgresql
sudo service chef-client stop
sudo sv restart sshd_git
gitlab-ctl start redis
gitlab-ctl hup puma
supervisorctl restart all
ssh web-1 'sudo systemctl restart nginx'
ssh -i key.pem ops@web-1 "uptime; sudo reboot"
ssh web-1 sudo rm -rf /var/cache/app
ssh web-1 "bash -c 'kill -9 1234'"
for host in $(cat hosts); do ssh "$host" 'sudo service app stop'; done
for f in *.yml; do kubectl apply -f "$f"; done
if systemctl is-active app; then systemctl stop app; fi
knife ssh 'roles:web' 'sudo chef-client'
knife node delete web-1.shop.example
gcloud compute ssh web-1 --command "sudo reboot"
gcloud compute ssh web-1 --command='sudo rm /tmp/a'
gcloud --project p --zone z compute instances stop web-1
gcloud container clusters upgrade main --cluster-version=1.30
aws ec2 terminate-instances --instance-ids i-0abc
aws s3 rm s3://bucket/key --recursive
aws autoscaling set-desired-capacity --auto-scaling-group-name a --desired-capacity 3
gsutil rm -r gs://bucket/folder
terraform apply -target=module.db
terraform state rm module.db
psql -c "select pg_terminate_backend(1234)"
psql -c "SELECT pid, pg_cancel_backend(pid) FROM pg_stat_activity"
sudo gitlab-psql -c 'drop index concurrently index_a'
psql -d shop -c "with gone as (delete from sessions returning id) select count(*) from gone"
psql -c "explain analyze delete from orders where id = 1"
psql <<SQL
update orders set state = 'open';
SQL
mysql -e "KILL 1234"
mysql shop -e "alter table orders add column note text"
redis-cli -h cache-1 del session:1
redis-cli config set maxmemory 4gb
redis-cli client kill addr 10.0.0.1:6379
redis-cli --scan --pattern 'tmp:*' | xargs redis-cli del
rabbitmqctl purge_queue mails
kafka-topics.sh --bootstrap-server b:9092 --alter --topic t --partitions 12
kafka-consumer-groups.sh --bootstrap-server b:9092 --group g --reset-offsets --to-latest --execute --topic t
etcdctl defrag --endpoints=https://10.0.0.1:2379
consul kv put service/db/leader x
patronictl -c /etc/patroni.yml failover main
patronictl reinit main node-2
curl -X POST http://localhost:9093/-/reload
curl -XDELETE http://es:9200/logs-2021
curl -s -XPUT -H 'Content-Type: application/json' es:9200/_cluster/settings -d '{"transient":{}}'
curl --data '{"a":1}' https://api.shop.example/orders
curl -o goroutines.txt http://localhost:6060/debug/pprof/goroutine?debug=2
wget https://shop.example/tool.tar.gz
kill -9 1234
kill -9
pkill -f sidekiq
killall -HUP haproxy
sed -i 's/a/b/' /etc/app.conf
echo 3 | sudo tee /proc/sys/vm/drop_caches
echo 1 > /proc/sys/net/ipv4/ip_forward
cat a.txt >> /etc/hosts
grep -v old /etc/hosts > /tmp/hosts && mv /tmp/hosts /etc/hosts
find /var/log -name '*.gz' -mtime +7 -delete
find /tmp -type f -exec rm {} \;
find . -name '*.bak' | xargs -r rm
tar xzf backup.tar.gz -C /var/lib/app
tar -czf backup.tgz /etc
rsync -av a/ b/
scp dump.sql db-1:/tmp/
dd if=/dev/zero of=/tmp/fill bs=1M count=100
mkfs.ext4 /dev/sdb
mount /dev/sdb /mnt
resize2fs /dev/sda1
sudo sysctl -w vm.swappiness=1
sysctl vm.swappiness=1
iptables -A INPUT -s 10.0.0.0/8 -j DROP
ip link set eth0 down
crontab -r
apt-get install -y strace
sudo apt-get upgrade
pip install requests
git push origin main
git revert abc1234
git checkout main
git branch -D old
sudo -u git git update-ref refs/keep-around/1 1
chmod 600 key.pem
chown -R git:git /var/opt
sudo su -c 'systemctl restart app'
bash -c "rm -f /tmp/lock"
sudo bash -c 'echo 1 > /proc/sys/kernel/sysrq'
echo $(rm -rf /tmp/x)
echo `systemctl restart app`
true && reboot
uptime; shutdown -r now
date -s '2026-01-01'
journalctl --vacuum-size=1G
dmesg -C
touch /tmp/maintenance
mkdir -p /var/opt/app
timeout 60 kubectl delete ns old
watch -n 5 'kubectl delete pod --all'
nohup sudo reboot &
time docker stop web
nice -n 10 vacuumdb --all
env A=1 systemctl reload nginx
vim /etc/hosts
gpg --import key.asc
certbot renew
argocd app sync checkout
vault write auth/token/create ttl=1h
openssl genrsa -out key.pem 2048
"""

READING = r"""
kubectl get pods -n shop -o wide
kubectl describe pod checkout-7c9f
kubectl -n shop logs deploy/checkout --since=10m | grep ERROR
kubectl top nodes
kubectl rollout status deployment/checkout
kubectl rollout history deployment/checkout
kubectl get events --sort-by=.lastTimestamp
kubectl get node $node_name -o json | jq .metadata.labels
kubectl exec -it thanos-0 -- df -h /var/thanos
kubectl config get-contexts
kubectl auth can-i list pods
helm list -A
helm history shop
docker ps -a
docker logs --tail 100 web
docker exec web cat /etc/hosts
systemctl status nginx
systemctl is-active nginx && echo ok
service nginx status
sv status sshd
journalctl -u nginx --since "1 hour ago" | tail -50
ps aux | grep nginx
top -b -n 1 | head -20
df -h
sudo du -sh /var/log/* | sort -h
free -m
uptime
ss -tlnp
netstat -an | awk '{print $6}' | sort | uniq -c
lsof -i :8080
dig +short web.shop.example
curl -s localhost:9090/-/ready
curl -sI https://shop.example 2>/dev/null | head -1
curl -svo /dev/null https://shop.example
curl -s 'http://es:9200/_cluster/health?pretty'
curl -XPOST es:9200/logs-*/_search -d '{"query":{"match_all":{}}}'
ssh web-1 uptime
ssh web-1 'df -h; free -m'
ssh redis-03.shop.example
gcloud compute instances list --project p
gcloud compute ssh web-1
aws ec2 describe-instances --region eu-central-1
aws s3 ls s3://bucket
terraform plan
terraform state list
psql -c "select count(*) from pg_stat_activity"
sudo gitlab-psql -c "\d orders"
psql -c "explain select * from orders"
mysql -e "show processlist"
redis-cli info memory
redis-cli --bigkeys
redis-cli -h cache-1 slowlog get 10
redis-cli config get maxmemory
rabbitmqctl list_queues name messages
kafka-consumer-groups.sh --bootstrap-server b:9092 --describe --group g
kafka-topics.sh --list --bootstrap-server b:9092
etcdctl endpoint health
consul members
patronictl list
grep -c ERROR /var/log/app.log
zgrep 'timeout' /var/log/app.log.1.gz | wc -l
tail -f /var/log/syslog
find /var/log -size +100M
find /etc -name '*.conf' -exec grep -l pool {} +
sed -n '1,20p' /etc/app.conf
tar tzf backup.tar.gz
git log --oneline -5
git diff HEAD~1 -- config/
git branch
iptables -L -n
ip addr show
ip route
mount
sysctl vm.swappiness
crontab -l
dmesg -T | tail
date -u
openssl s_client -connect shop.example:443 </dev/null 2>/dev/null | openssl x509 -noout -dates
echo "select 1"
export NAMESPACE=shop
cd /var/log
watch -n 5 kubectl get pods
timeout 10 dig shop.example
sudo tcpdump -i eth0 -c 100 port 6379
for h in a b; do ssh "$h" uptime; done
knife ssh 'roles:web' 'hostname'
nginx -t
amtool alert query
promtool check rules rules.yml
vault status
"""

# What a person has to judge: programs of one house, scripts, sessions, what comes through a pipe.
UNKNOWN = r"""
./fix-everything.sh
/usr/local/bin/rotate --all
deployctl promote checkout
curl -s https://shop.example/install.sh | bash
sudo -i
psql -h db-1 shop
python3 repair.py
$COMMAND --now
ssh web-1 "$WHAT"
bash script.sh
eval "$CMD"
xargs -n1 do-it < list
make deploy-now
ansible-playbook site.yml
"""
